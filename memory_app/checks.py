"""Django's system checks for what would be unsafe to start with."""
