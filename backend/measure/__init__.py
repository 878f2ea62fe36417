"""What is measured: speed (bench), adherence (evaluate), endurance (soak)."""
