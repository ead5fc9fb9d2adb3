-- Keeps the movements of each year in a table of their own (PostgreSQL 13 or newer). Stop everything but the database, then:
--   psql --single-transaction --set ON_ERROR_STOP=1 --file docs/partitions.sql "$DATABASE_URL"
-- Each year before its end, or its movements go into tags_movement_other:
--   CREATE TABLE tags_movement_2029 PARTITION OF tags_movement FOR VALUES FROM ('2029-01-01') TO ('2030-01-01');
-- Where that was forgotten PostgreSQL says that the default partition would be violated. Then, in one transaction:
--   CREATE TABLE tags_movement_2029 (LIKE tags_movement INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
--   WITH late AS (DELETE FROM tags_movement_other WHERE before >= '2029-01-01' AND before < '2030-01-01' RETURNING *)
--     INSERT INTO tags_movement_2029 SELECT * FROM late;
--   ALTER TABLE tags_movement ATTACH PARTITION tags_movement_2029 FOR VALUES FROM ('2029-01-01') TO ('2030-01-01');

SET LOCAL timezone = 'UTC';
ALTER TABLE tags_movement RENAME TO tags_movement_whole;

-- An identity column can be partitioned from PostgreSQL 17 on, a sequence always.
CREATE SEQUENCE tags_movement_ids;
SELECT setval('tags_movement_ids', coalesce(max(id), 0) + 1, false) FROM tags_movement_whole;
CREATE TABLE tags_movement (LIKE tags_movement_whole INCLUDING CONSTRAINTS) PARTITION BY RANGE (before);
ALTER TABLE tags_movement ALTER id SET DEFAULT nextval('tags_movement_ids');
ALTER SEQUENCE tags_movement_ids OWNED BY tags_movement.id;

DO $$
DECLARE
    this int := extract(year FROM now());
    first int := (SELECT extract(year FROM min(before)) FROM tags_movement_whole);
BEGIN
    FOR year IN coalesce(first, this) .. this + 1 LOOP
        EXECUTE format(
            'CREATE TABLE tags_movement_%s PARTITION OF tags_movement FOR VALUES FROM (%L) TO (%L)',
            year, make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );
    END LOOP;
END $$;
CREATE TABLE tags_movement_other PARTITION OF tags_movement DEFAULT;

INSERT INTO tags_movement SELECT * FROM tags_movement_whole;
DROP TABLE tags_movement_whole;

-- The key has to hold what the table is divided by. The names are those that migrations know.
ALTER TABLE tags_movement ADD CONSTRAINT tags_movement_pkey PRIMARY KEY (id, before);
ALTER TABLE tags_movement ADD CONSTRAINT tags_movement_tag FOREIGN KEY (tag_id) REFERENCES tags_tag DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE tags_movement ADD CONSTRAINT tags_movement_repository FOREIGN KEY (repository_id) REFERENCES tags_repository DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX movement_of_tag ON tags_movement (tag_id, before, id);
CREATE INDEX movement_of_repository ON tags_movement (repository_id, before, id);
CREATE INDEX movement_of_all ON tags_movement (before, id);
CREATE INDEX movement_to_digest ON tags_movement (to_digest, repository_id);
CREATE INDEX movement_from_digest ON tags_movement (from_digest, repository_id);
ANALYZE tags_movement;
