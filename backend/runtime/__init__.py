"""What both processes need of the machine: metrics, priorities, files that survive a crash."""
