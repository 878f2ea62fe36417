"""What made the bundled model. Nothing at run time imports it."""
