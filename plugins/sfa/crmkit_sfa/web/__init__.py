"""What the plugin adds to the web: actions, routes, panels, pages, reports and columns over the use cases of its rooms."""
