"""What transcripts are written to: text files and subtitles."""
