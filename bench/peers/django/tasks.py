"""A hash per task, and a sorted set with the ids of each user's tasks."""

from os import environ

from redis import Redis

redis = Redis.from_url(environ["REDIS_URL"], decode_responses=True)


def every(user_id):
    pipeline = redis.pipeline(transaction=False)
    for id in redis.zrange(ids_of(user_id), 0, -1):
        pipeline.hgetall(key(user_id, id))
    return [task for task in pipeline.execute() if task]


def create(user_id, fields):
    task = {"id": redis.incr(f"user:{user_id}:task-ids"), **fields}
    redis.hset(key(user_id, task["id"]), mapping=task)
    redis.zadd(ids_of(user_id), {task["id"]: task["id"]})
    return task


def find(user_id, id):
    return redis.hgetall(key(user_id, id))


def update(user_id, id, changes):
    if changes:
        redis.hset(key(user_id, id), mapping=changes)


def remove(user_id, id):
    removed = redis.delete(key(user_id, id))
    redis.zrem(ids_of(user_id), id)
    return removed == 1


def key(user_id, id):
    return f"user:{user_id}:task:{id}"


def ids_of(user_id):
    return f"user:{user_id}:tasks"
