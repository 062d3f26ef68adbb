"""From the log-probabilities of frames to text: CTC, beam search, and what is known of the language."""
