"""What plugins add to the web: routes, actions, panels, reports and the rest. Whoever serves them is another plugin."""
