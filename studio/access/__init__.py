"""Who may use the studio: anybody on this machine, those with a key, those signed in, or everybody within limits."""
