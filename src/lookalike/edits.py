"""What people do to pictures: crop, flip, caption, recompress, paste."""
