"""The catalogue as files: read, checked row by row, written in batches; and written out again."""
