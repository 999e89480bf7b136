"""The page in a real browser, with a real server over a gallery of drawn pictures."""
