/* Reads a request from standard input and prints the answer: the smallest C program that embeds the core. */
#include <stdio.h>

#include "calico_policy.h"

int main(void)
{
    static uint8_t request[1024 * 1024];
    size_t length = fread(request, 1, sizeof request, stdin);
    if (ferror(stdin) || !feof(stdin)) {
        fputs("cannot read the request, or it is longer than this program takes\n", stderr);
        return 1;
    }
    char *answer = calico_policy_decide(request, length);
    puts(answer);
    calico_policy_free(answer);
    return 0;
}
