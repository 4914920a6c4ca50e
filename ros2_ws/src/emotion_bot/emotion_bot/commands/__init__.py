"""The commands of `emotion-bot`, one file each."""
