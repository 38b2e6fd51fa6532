"""The storefront: layout, templates, pictures and the pages composed of several domains."""
