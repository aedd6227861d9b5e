/*
 * page.h - the dashboard as the program carries it (cli/dashboard/): files
 * over HTTP, packed if the browser likes, with headers that allow a page
 * nothing but what comes from here.
 */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "sim/http.h"

struct page;

struct page *page_new(void);
void page_free(struct page *p);
/* "/" is index.html; every other path is that of a file. */
struct http_handler *page_handler(struct page *p);

#endif
