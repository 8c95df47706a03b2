"""What other plugins add: their routes, actions, panels, pages, reports and columns, as addresses of the API."""
