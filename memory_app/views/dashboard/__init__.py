"""The dashboard's pages: function views, one file a page, staff only by the admin site."""
