-- Workload w2 in DuckDB's own SQL: the same seven tables as dlt and spile make of the events, by hand. peer_duckdb.py sets the
-- variables `source` and `load_id` and executes the file; test_bench.py compares names of tables and columns and counts with dlt.
--
-- The input is parsed once, into a temporary table; every list is one UNNEST of it. The ids have 14 characters and are unique;
-- they are made by the cheapest function there is, in favour of this side (dlt's are base64 of SHAKE-128 for the nested rows):
-- the lowest 56 bits of a hash in hexadecimal. The highest bit is set so that hex() always gives 16 digits.
CREATE TEMP MACRO row_id(value) AS right(hex(hash(value) | 9223372036854775808), 14);

CREATE TEMP TABLE events AS
    SELECT *, row_id(id) AS _dlt_id FROM read_json_auto(getvariable('source'));

CREATE TABLE items AS SELECT
    id, type, actor.id AS actor__id, actor.login AS actor__login, actor.display_login AS actor__display_login,
    actor.gravatar_id AS actor__gravatar_id, actor.url AS actor__url, actor.avatar_url AS actor__avatar_url, repo.id AS repo__id,
    repo.name AS repo__name, repo.url AS repo__url, payload.action AS payload__action, payload.issue.url AS payload__issue__url,
    payload.issue.html_url AS payload__issue__html_url, payload.issue.id AS payload__issue__id,
    payload.issue.node_id AS payload__issue__node_id, payload.issue.number AS payload__issue__number,
    payload.issue.title AS payload__issue__title, payload.issue."user".login AS payload__issue__user__login,
    payload.issue."user".id AS payload__issue__user__id, payload.issue."user".node_id AS payload__issue__user__node_id,
    payload.issue."user".avatar_url AS payload__issue__user__avatar_url, payload.issue."user".type AS payload__issue__user__type,
    payload.issue."user".site_admin AS payload__issue__user__site_admin, payload.issue.state AS payload__issue__state,
    payload.issue.locked AS payload__issue__locked, payload.issue.milestone.id AS payload__issue__milestone__id,
    payload.issue.milestone.number AS payload__issue__milestone__number,
    payload.issue.milestone.title AS payload__issue__milestone__title,
    payload.issue.milestone.due_on AS payload__issue__milestone__due_on, payload.issue.comments AS payload__issue__comments,
    payload.issue.created_at AS payload__issue__created_at, payload.issue.updated_at AS payload__issue__updated_at,
    payload.issue.closed_at AS payload__issue__closed_at, payload.issue.author_association AS payload__issue__author_association,
    payload.issue.active_lock_reason AS payload__issue__active_lock_reason, payload.issue.body AS payload__issue__body,
    payload.issue.reactions.total_count AS payload__issue__reactions__total_count,
    payload.issue.reactions."+1" AS payload__issue__reactions__x1, payload.issue.reactions."-1" AS payload__issue__reactions___1,
    payload.issue.reactions.laugh AS payload__issue__reactions__laugh,
    payload.issue.reactions.hooray AS payload__issue__reactions__hooray,
    payload.issue.reactions.confused AS payload__issue__reactions__confused,
    payload.issue.reactions.heart AS payload__issue__reactions__heart,
    payload.issue.reactions.rocket AS payload__issue__reactions__rocket,
    payload.issue.reactions.eyes AS payload__issue__reactions__eyes,
    payload.issue.reactions.thinking AS payload__issue__reactions__thinking, payload.comment.url AS payload__comment__url,
    payload.comment.html_url AS payload__comment__html_url, payload.comment.id AS payload__comment__id,
    payload.comment.node_id AS payload__comment__node_id, payload.comment."user".login AS payload__comment__user__login,
    payload.comment."user".id AS payload__comment__user__id, payload.comment."user".type AS payload__comment__user__type,
    payload.comment.created_at AS payload__comment__created_at, payload.comment.updated_at AS payload__comment__updated_at,
    payload.comment.author_association AS payload__comment__author_association, payload.comment.body AS payload__comment__body,
    payload.comment.reactions.total_count AS payload__comment__reactions__total_count,
    payload.comment.reactions."+1" AS payload__comment__reactions__x1,
    payload.comment.reactions."-1" AS payload__comment__reactions___1,
    payload.comment.reactions.heart AS payload__comment__reactions__heart, payload.repository_id AS payload__repository_id,
    payload.push_id AS payload__push_id, payload.size AS payload__size, payload.distinct_size AS payload__distinct_size,
    payload.ref AS payload__ref, payload.head AS payload__head, payload.before AS payload__before,
    payload.number AS payload__number, payload.pull_request.url AS payload__pull_request__url,
    payload.pull_request.id AS payload__pull_request__id, payload.pull_request.node_id AS payload__pull_request__node_id,
    payload.pull_request.number AS payload__pull_request__number, payload.pull_request.state AS payload__pull_request__state,
    payload.pull_request.locked AS payload__pull_request__locked, payload.pull_request.title AS payload__pull_request__title,
    payload.pull_request."user".login AS payload__pull_request__user__login,
    payload.pull_request."user".id AS payload__pull_request__user__id,
    payload.pull_request."user".node_id AS payload__pull_request__user__node_id,
    payload.pull_request."user".avatar_url AS payload__pull_request__user__avatar_url,
    payload.pull_request."user".type AS payload__pull_request__user__type,
    payload.pull_request."user".site_admin AS payload__pull_request__user__site_admin,
    payload.pull_request.body AS payload__pull_request__body,
    payload.pull_request.created_at AS payload__pull_request__created_at,
    payload.pull_request.updated_at AS payload__pull_request__updated_at,
    payload.pull_request.closed_at AS payload__pull_request__closed_at,
    payload.pull_request.merged_at AS payload__pull_request__merged_at,
    payload.pull_request.merge_commit_sha AS payload__pull_request__merge_commit_sha,
    payload.pull_request.draft AS payload__pull_request__draft, payload.pull_request.head.ref AS payload__pull_request__head__ref,
    payload.pull_request.head.sha AS payload__pull_request__head__sha,
    payload.pull_request.base.ref AS payload__pull_request__base__ref,
    payload.pull_request.base.sha AS payload__pull_request__base__sha,
    payload.pull_request.base.repo.id AS payload__pull_request__base__repo__id,
    payload.pull_request.base.repo.full_name AS payload__pull_request__base__repo__full_name,
    payload.pull_request.base.repo.language AS payload__pull_request__base__repo__language,
    payload.pull_request.base.repo.stargazers_count AS payload__pull_request__base__repo__stargazers_count,
    payload.pull_request.additions AS payload__pull_request__additions,
    payload.pull_request.deletions AS payload__pull_request__deletions,
    payload.pull_request.changed_files AS payload__pull_request__changed_files, payload.ref_type AS payload__ref_type,
    payload.master_branch AS payload__master_branch, payload.description AS payload__description,
    payload.pusher_type AS payload__pusher_type, public, created_at, org.id AS org__id, org.login AS org__login,
    org.gravatar_id AS org__gravatar_id, org.url AS org__url, org.avatar_url AS org__avatar_url,
    getvariable('load_id') AS _dlt_load_id, _dlt_id
FROM events;

CREATE TABLE items__payload__commits AS SELECT
    element.sha, element.author.email AS author__email, element.author.name AS author__name, element.message, element."distinct",
    element.url, _dlt_parent_id, _dlt_list_idx, row_id((_dlt_parent_id, 'commits', _dlt_list_idx)) AS _dlt_id
FROM (
    SELECT _dlt_id AS _dlt_parent_id, unnest(payload.commits) AS element,
        unnest(range(len(payload.commits))) AS _dlt_list_idx
    FROM events WHERE len(payload.commits) > 0
);

CREATE TABLE items__payload__issue__labels AS SELECT
    element.id, element.node_id, element.url, element.name, element.color, element."default", element.description, _dlt_parent_id,
    _dlt_list_idx, row_id((_dlt_parent_id, 'issue__labels', _dlt_list_idx)) AS _dlt_id
FROM (
    SELECT _dlt_id AS _dlt_parent_id, unnest(payload.issue.labels) AS element,
        unnest(range(len(payload.issue.labels))) AS _dlt_list_idx
    FROM events WHERE len(payload.issue.labels) > 0
);

CREATE TABLE items__payload__issue__assignees AS SELECT
    element.login, element.id, element.node_id, element.avatar_url, element.type, element.site_admin, element.url, _dlt_parent_id,
    _dlt_list_idx, row_id((_dlt_parent_id, 'assignees', _dlt_list_idx)) AS _dlt_id
FROM (
    SELECT _dlt_id AS _dlt_parent_id, unnest(payload.issue.assignees) AS element,
        unnest(range(len(payload.issue.assignees))) AS _dlt_list_idx
    FROM events WHERE len(payload.issue.assignees) > 0
);

CREATE TABLE items__payload__pull_request__requested_reviewers AS SELECT
    element.login, element.id, element.node_id, element.avatar_url, element.type, element.site_admin, element.url, _dlt_parent_id,
    _dlt_list_idx, row_id((_dlt_parent_id, 'requested_reviewers', _dlt_list_idx)) AS _dlt_id
FROM (
    SELECT _dlt_id AS _dlt_parent_id, unnest(payload.pull_request.requested_reviewers) AS element,
        unnest(range(len(payload.pull_request.requested_reviewers))) AS _dlt_list_idx
    FROM events WHERE len(payload.pull_request.requested_reviewers) > 0
);

CREATE TABLE items__payload__pull_request__labels AS SELECT
    element.id, element.node_id, element.url, element.name, element.color, element."default", element.description, _dlt_parent_id,
    _dlt_list_idx, row_id((_dlt_parent_id, 'pull_request__labels', _dlt_list_idx)) AS _dlt_id
FROM (
    SELECT _dlt_id AS _dlt_parent_id, unnest(payload.pull_request.labels) AS element,
        unnest(range(len(payload.pull_request.labels))) AS _dlt_list_idx
    FROM events WHERE len(payload.pull_request.labels) > 0
);

CREATE TABLE items__payload__pull_request__base__repo__topics AS SELECT
    element AS value, _dlt_parent_id, _dlt_list_idx, row_id((_dlt_parent_id, 'topics', _dlt_list_idx)) AS _dlt_id
FROM (
    SELECT _dlt_id AS _dlt_parent_id, unnest(payload.pull_request.base.repo.topics) AS element,
        unnest(range(len(payload.pull_request.base.repo.topics))) AS _dlt_list_idx
    FROM events WHERE len(payload.pull_request.base.repo.topics) > 0
);
