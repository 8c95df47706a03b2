"""Hand-offs: records that pass from one user or team to another when these have accepted them."""
