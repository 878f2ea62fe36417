"""The pocket model: bundled, small, trained by this repository on a world that it draws itself."""
