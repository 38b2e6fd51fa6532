"""Content: articles, the people who write them, and how they come out."""
