/*
 * The floor: what it costs to watch every directory below ROOT with THREADS threads, and nothing else. No tree is
 * kept, nothing is read, the names are forgotten. Prints the seconds it took and the number of watches.
 *
 *   bare_loop ROOT THREADS
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { buffer_bytes = 65536, shared_enough = 64 };

struct stack {
  char **paths;
  size_t count, room;
};

static int inotify;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct stack shared;
static int busy;
static long watches;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void push(struct stack *stack, char *path) {
  if (stack->count == stack->room) {
    stack->room = stack->room ? stack->room * 2 : 256;
    stack->paths = realloc(stack->paths, stack->room * sizeof *stack->paths);
    if (!stack->paths) fail("realloc");
  }
  stack->paths[stack->count++] = path;
}

static char *join(const char *directory, const char *name) {
  size_t length = strlen(directory), more = strlen(name);
  char *path = malloc(length + more + 2);
  if (!path) fail("malloc");
  memcpy(path, directory, length);
  path[length] = '/';
  memcpy(path + length + 1, name, more + 1);
  return path;
}

static void watch_and_list(const char *path, struct stack *found, char *buffer) {
  const uint32_t mask = IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                        IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;
  if (inotify_add_watch(inotify, path, mask) < 0) fail(path);
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0) fail(path);
  for (long bytes; (bytes = syscall(SYS_getdents64, directory, buffer, buffer_bytes)) > 0;) {
    for (long at = 0; at < bytes;) {
      const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
      at += entry->d_reclen;
      if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
      push(found, join(path, entry->d_name));
    }
  }
  close(directory);
}

/* Keeps what it finds to itself, but gives half away when the others have little. */
static void *walk(void *unused) {
  (void)unused;
  char *buffer = malloc(buffer_bytes);
  if (!buffer) fail("malloc");
  struct stack own = {0};
  long mine = 0;
  pthread_mutex_lock(&lock);
  while (1) {
    while (!shared.count && busy) pthread_cond_wait(&changed, &lock);
    if (!shared.count) break;
    push(&own, shared.paths[--shared.count]);
    busy++;
    pthread_mutex_unlock(&lock);
    while (own.count) {
      char *path = own.paths[--own.count];
      watch_and_list(path, &own, buffer);
      free(path);
      mine++;
      if (own.count > 8) {
        pthread_mutex_lock(&lock);
        if (shared.count < shared_enough) {
          for (size_t give = own.count / 2; give; give--) push(&shared, own.paths[--own.count]);
          pthread_cond_broadcast(&changed);
        }
        pthread_mutex_unlock(&lock);
      }
    }
    pthread_mutex_lock(&lock);
    busy--;
  }
  watches += mine;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return NULL;
}

int main(int count, char **words) {
  if (count != 3) return fputs("usage: bare_loop ROOT THREADS\n", stderr), 64;
  int threads = atoi(words[2]);
  pthread_t *ids = calloc((size_t)threads, sizeof *ids);
  if (!ids) fail("calloc");
  struct timespec begun, ended;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) fail("inotify_init1");
  push(&shared, strdup(words[1]));
  for (int index = 0; index < threads; index++)
    if (pthread_create(&ids[index], NULL, walk, NULL)) fail("pthread_create");
  for (int index = 0; index < threads; index++) pthread_join(ids[index], NULL);
  clock_gettime(CLOCK_MONOTONIC, &ended);
  double seconds = (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
  printf("%.6f %ld\n", seconds, watches);
  return 0;
}
