"""What the server and its page do under load."""
