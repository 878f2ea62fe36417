"""LoRAs: their files, the names in them, and strengths that are played live."""
