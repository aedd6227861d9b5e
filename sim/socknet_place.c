/*
 * Where hosts were that have gone off the network: one that comes back is
 * there again, as those who know its address expect.  Until then a socket
 * that does not listen keeps the port from those who take any: who connects
 * is refused.
 */
#include "sim/socknet_parts.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct place {
	char *host;
	char address[SOCKNET_ADDRESS_SIZE];	/* "127.0.0.1:41234" */
	int fd;					/* -1: not kept */
	struct place *next;
};

static int keep(const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, on = 1;

	if (strncmp(address, "127.0.0.1:", 10) != 0)
		return -1;
	a.sin_port = htons((uint16_t)strtoul(address + 10, NULL, 10));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

void place_keep(struct socknet *n, const char *host, const char *address)
{
	struct place *p = calloc(1, sizeof(*p));

	assert(p);
	p->host = strdup(host);
	assert(p->host);
	snprintf(p->address, sizeof(p->address), "%s", address);
	p->fd = keep(address);
	p->next = n->places;
	n->places = p;
}

static void free_place(struct place *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p->host);
	free(p);
}

bool place_take(struct socknet *n, const char *host, char address[SOCKNET_ADDRESS_SIZE])
{
	for (struct place **at = &n->places; *at; at = &(*at)->next) {
		struct place *p = *at;

		if (strcmp(p->host, host) != 0)
			continue;
		memcpy(address, p->address, SOCKNET_ADDRESS_SIZE);
		*at = p->next;
		free_place(p);
		return true;
	}
	return false;
}

void place_free_all(struct socknet *n)
{
	while (n->places) {
		struct place *p = n->places;

		n->places = p->next;
		free_place(p);
	}
}
