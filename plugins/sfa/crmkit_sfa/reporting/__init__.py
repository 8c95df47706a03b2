"""What all sales reports share: periods, groupings, money in several currencies, distributions, bars."""
