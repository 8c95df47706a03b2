"""What is asked of customers beside their record: timeline, who somebody is, merging, consent."""
