"""Files that strangers sent are decoded first where they can do no harm: in a short-lived process without rights."""
