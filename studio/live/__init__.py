"""The live view's server side: a WebSocket over which camera frames come, and go back recast."""
