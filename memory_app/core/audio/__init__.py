"""Sound: samples in, log-mel frames out; voices that say words."""
