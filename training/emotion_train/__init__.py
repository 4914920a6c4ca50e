"""Training, studying and exporting the models of emotion_bot."""
