"""What brings Recast to other machines."""
