"""The process that keeps time: sources, sinks, the presenter and the supervisor. It never imports torch."""
