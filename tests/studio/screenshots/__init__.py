"""Every state of the page as a picture, to be looked at: `make screenshots` writes them to `results/screenshots`."""
