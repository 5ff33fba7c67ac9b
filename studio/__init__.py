"""The web side, and the headless command. Importing this package loads nothing: each module brings what it needs."""
