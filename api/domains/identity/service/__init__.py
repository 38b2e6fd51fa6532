"""Use cases of identity: accounts, sign-ins, tokens."""
