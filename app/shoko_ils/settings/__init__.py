"""Settings modules: `public` and `staff` serve, `owner` migrates and loads. `base` is common to them."""
