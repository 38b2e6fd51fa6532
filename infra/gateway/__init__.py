"""The sandbox payment gateway: a bank for development, as a process and a database of its own."""
