"""The data that the course carries: catalogue.toml, the frozen files, and the recipes that build them."""
