"""From corpora to a checkpoint: dialogues, batches, the fact curriculum, the loop, the exam."""
