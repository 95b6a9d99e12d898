"""What each operation does: a module per kind of object. ``table.py`` says which does what."""
