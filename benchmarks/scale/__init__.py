"""What a gallery costs as it grows."""
