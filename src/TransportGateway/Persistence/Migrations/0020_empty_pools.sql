-- A pool goes with the last use of what was not bought; those that were emptied before that rule go here.
DELETE FROM license_pools WHERE purchased = 0 AND in_use = 0;
