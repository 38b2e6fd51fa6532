"""What recommendations read: serving tables in Postgres, the last interactions in Valkey."""
