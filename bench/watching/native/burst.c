/*
 * Makes COUNT small files in DIRECTORY as fast as it goes: file-000000, file-000001 and so on. Prints the seconds it
 * took.
 *
 *   burst DIRECTORY COUNT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count != 3 || chdir(words[1])) return perror("burst DIRECTORY COUNT"), 64;
  int files = atoi(words[2]);
  struct timespec begun, ended;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  for (int number = 0; number < files; number++) {
    char name[32];
    snprintf(name, sizeof name, "file-%06d", number);
    int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0 || write(file, "content\n", 8) != 8 || close(file)) return perror(name), 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &ended);
  printf("%.6f\n", (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
  return 0;
}
