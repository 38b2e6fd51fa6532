"""What moderation asks the lake."""
