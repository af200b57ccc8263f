-- What the parts of a message came to, since they are forgotten; null as long as they tell it.
alter table inventory_feed_message add column kept_drifted integer,
                                   add column kept_stale integer,
                                   add column kept_drift_units bigint;
