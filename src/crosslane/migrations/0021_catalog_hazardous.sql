-- Dangerous goods: not every location may send them.
alter table catalog_variant add column hazardous boolean not null default false;
