"""What a chat's state knows, put into a low-rank adapter after the recurrent layers."""
