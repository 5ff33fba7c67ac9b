"""What a recast face looks like, in numbers and in pictures. See `__main__`."""
