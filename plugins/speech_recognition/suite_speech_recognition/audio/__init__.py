"""Recordings as samples: files, the standard input, a microphone, and what is seen in them."""
