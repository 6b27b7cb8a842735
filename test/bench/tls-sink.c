/*
 * A server that takes uploads over TLS and costs little: it decrypts each body and drops it.
 *
 * It speaks enough of the Glacier protocol, and below /bench-bucket of the S3 protocol, for the clients of the benchmark.
 * It hashes nothing: where a client compares a hash with the answer, the answer repeats the value of the request's header.
 * It keeps the sizes, ETags and metadata of objects, because clients look at their objects again.
 *
 * Usage: tls-sink CERTIFICATE KEY
 * The first line on standard output is its URL. It ends when its standard input ends.
 * GET /bench/usage gives the CPU time that it has used, and the bytes of all bodies that it has received.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES 32768
#define VALUE_BYTES 4096
#define MAX_PARTS 10000
#define MD5_BYTES 16
#define MAX_META 16
/* One system call then fetches four records of TLS. Larger buffers cost more: they do not stay in the cache. */
#define RECEIVE_BYTES (64 * 1024)
#define ACCOUNT "111122223333"
#define VAULT "{\"VaultARN\":\"arn:aws:glacier:us-east-1:" ACCOUNT ":vaults/v\",\"VaultName\":\"v\"," \
  "\"CreationDate\":\"2026-01-01T00:00:00.000Z\"}"

struct object {
  char *path;
  long long size;
  int highest_part;
  /* Of the parts by number. An object that arrives whole has none. */
  unsigned char (*etags)[MD5_BYTES];
  /* Empty until the upload is complete. */
  char whole_etag[64];
  char *meta[MAX_META];
  int meta_count;
  struct object *next;
};

struct connection {
  SSL *ssl;
  /* The bytes between `start` and `end` have been received, and not used yet. */
  char buffer[HEAD_BYTES];
  size_t start, end;
};

struct request {
  char method[16], path[4096], query[4096];
  char lines[HEAD_BYTES];
  long long body_bytes;
};

/* A run sends tens of thousands of objects. */
#define BUCKETS 65536
static struct object *objects[BUCKETS];
static pthread_mutex_t objects_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_llong received_bytes;
static atomic_int uploads;

/* ---- Receiving ---- */

static int receive_more(struct connection *c) {
  if (c->start == c->end) c->start = c->end = 0;
  if (c->end == sizeof c->buffer) return 0;
  int got = SSL_read(c->ssl, c->buffer + c->end, sizeof c->buffer - c->end);
  if (got <= 0) return 0;
  c->end += got;
  return 1;
}

/* Reads one line without its end. Returns 0 if the connection has ended. */
static int read_line(struct connection *c, char *line, size_t room) {
  char *newline;
  while ((newline = memchr(c->buffer + c->start, '\n', c->end - c->start)) == NULL) {
    memmove(c->buffer, c->buffer + c->start, c->end - c->start);
    c->end -= c->start;
    c->start = 0;
    if (!receive_more(c)) return 0;
  }
  size_t length = newline - (c->buffer + c->start);
  snprintf(line, room, "%.*s", (int)length, c->buffer + c->start);
  line[strcspn(line, "\r")] = 0;
  c->start += length + 1;
  return 1;
}

static int drop_bytes(struct connection *c, long long count) {
  while (count > 0) {
    if (c->start == c->end && !receive_more(c)) return 0;
    size_t here = c->end - c->start;
    if ((long long)here > count) here = count;
    c->start += here;
    count -= here;
  }
  return 1;
}

/* Copies the value of a header, or an empty text. Returns 1 if the request has it. */
static int header(const struct request *r, const char *name, char *value) {
  size_t length = strlen(name);
  *value = 0;
  for (const char *line = r->lines; *line != 0; line = strchr(line, '\n') + 1) {
    if (strncasecmp(line, name, length) != 0 || line[length] != ':') continue;
    const char *begin = line + length + 1 + strspn(line + length + 1, " ");
    snprintf(value, VALUE_BYTES, "%.*s", (int)strcspn(begin, "\n"), begin);
    return 1;
  }
  return 0;
}

static int read_head(struct connection *c, struct request *r) {
  char line[8192], target[4096];
  size_t used = 0;
  if (!read_line(c, line, sizeof line)) return 0;
  if (sscanf(line, "%15s %4095s", r->method, target) != 2) return 0;
  char *question = strchr(target, '?');
  snprintf(r->query, sizeof r->query, "%s", question == NULL ? "" : question + 1);
  if (question != NULL) *question = 0;
  snprintf(r->path, sizeof r->path, "%s", target);
  for (r->lines[0] = 0; read_line(c, line, sizeof line); ) {
    if (line[0] == 0) return 1;
    if (used + strlen(line) + 2 > sizeof r->lines) return 0;
    used += sprintf(r->lines + used, "%s\n", line);
  }
  return 0;
}

static int send_text(struct connection *c, const char *text) {
  return SSL_write(c->ssl, text, strlen(text)) > 0;
}

/* Drops the body. Its chunks may have another layer of chunks inside (aws-chunked), which needs no look. */
static int drop_body(struct connection *c, struct request *r) {
  char value[VALUE_BYTES], line[8192];
  long long size = 0, chunk;
  if (header(r, "expect", value) && !send_text(c, "HTTP/1.1 100 Continue\r\n\r\n")) return 0;
  if (header(r, "transfer-encoding", value) && strcasecmp(value, "chunked") == 0) {
    do {
      if (!read_line(c, line, sizeof line)) return 0;
      chunk = strtoll(line, NULL, 16);
      if (!drop_bytes(c, chunk)) return 0;
      size += chunk;
      /* The last chunk is followed by trailers, each other one by an empty line. */
      do if (!read_line(c, line, sizeof line)) return 0; while (line[0] != 0);
    } while (chunk > 0);
  } else {
    header(r, "content-length", value);
    size = atoll(value);
    if (!drop_bytes(c, size)) return 0;
  }
  r->body_bytes = header(r, "x-amz-decoded-content-length", value) ? atoll(value) : size;
  atomic_fetch_add(&received_bytes, r->body_bytes);
  return 1;
}

/* ---- Answering ---- */

struct answer {
  char head[32768], body[4096];
  int status;
  /* Not negative: the length of a body that is not sent, as the answer to HEAD has it. */
  long long length;
};

__attribute__((format(printf, 2, 3))) static void add_header(struct answer *a, const char *format, ...) {
  size_t used = strlen(a->head);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(a->head + used, sizeof a->head - used - 3, format, arguments);
  va_end(arguments);
  strcat(a->head, "\r\n");
}

static void repeat_header(const struct request *r, struct answer *a, const char *name) {
  char value[VALUE_BYTES];
  if (header(r, name, value)) add_header(a, "%s: %s", name, value);
}

static int send_answer(struct connection *c, struct answer *a) {
  static const char *format = "HTTP/1.1 %d OK\r\nx-amzn-RequestId: bench\r\nx-amz-request-id: bench\r\n%s";
  char text[sizeof a->head + sizeof a->body];
  size_t used = snprintf(text, sizeof text, format, a->status, a->head);
  size_t length = strlen(a->body);
  if (length > 0) used += sprintf(text + used, "Content-Type: application/%s\r\n", a->body[0] == '<' ? "xml" : "json");
  if (a->status != 204)
    used += sprintf(text + used, "Content-Length: %lld\r\n", a->length < 0 ? (long long)length : a->length);
  sprintf(text + used, "\r\n%s", a->body);
  return send_text(c, text);
}

static void answer_vault(const struct request *r, struct answer *a) {
  const char *tail = strstr(r->path, "/multipart-uploads");
  if (tail == NULL) {
    strcpy(a->body, VAULT);
  } else if (strcmp(r->method, "PUT") == 0 || strcmp(r->method, "DELETE") == 0) {
    a->status = 204;
    repeat_header(r, a, "x-amz-sha256-tree-hash");
  } else if (strcmp(r->method, "POST") == 0 && strchr(tail + 1, '/') == NULL) {
    a->status = 201;
    add_header(a, "x-amz-multipart-upload-id: %092d", atomic_fetch_add(&uploads, 1));
    strcpy(a->body, "{}");
  } else if (strcmp(r->method, "POST") == 0) {
    a->status = 201;
    add_header(a, "x-amz-archive-id: %0138d", 1);
    repeat_header(r, a, "x-amz-sha256-tree-hash");
    strcpy(a->body, "{}");
  } else {
    strcpy(a->body, "{\"Marker\":null,\"UploadsList\":[]}");
  }
}

static const char *CHECKSUMS[] = {"crc32", "crc32c", "crc64nvme", "sha1", "sha256"};
#define CHECKSUM_COUNT (sizeof CHECKSUMS / sizeof *CHECKSUMS)

static struct object *find_object(const char *path, int create) {
  unsigned hash = 5381;
  for (const char *at = path; *at != 0; at++) hash = hash * 33 + (unsigned char)*at;
  struct object **bucket = &objects[hash % BUCKETS], *o = *bucket;
  while (o != NULL && strcmp(o->path, path) != 0) o = o->next;
  if (o != NULL || !create) return o;
  o = calloc(1, sizeof *o);
  o->path = strdup(path);
  o->next = *bucket;
  return *bucket = o;
}

static void create_object(const struct request *r, struct object *o) {
  while (o->meta_count > 0) free(o->meta[--o->meta_count]);
  o->size = o->highest_part = 0;
  o->whole_etag[0] = 0;
  for (const char *line = r->lines; *line != 0; line = strchr(line, '\n') + 1)
    if (strncasecmp(line, "x-amz-meta-", 11) == 0 && o->meta_count < MAX_META)
      o->meta[o->meta_count++] = strndup(line, strcspn(line, "\n"));
}

/* Takes a part, or a whole object as part 1. Its ETag is the MD5 that the client sent, or made of the part number. */
static void take_part(const struct request *r, struct object *o, struct answer *a, int number) {
  char name[64], value[VALUE_BYTES], hex[2 * MD5_BYTES + 1];
  unsigned char md5[MD5_BYTES + 2] = {0};
  if (header(r, "content-md5", value) && strlen(value) == 24) EVP_DecodeBlock(md5, (unsigned char *)value, 24);
  else memcpy(md5, &number, sizeof number);
  if (o->etags != NULL) memcpy(o->etags[number], md5, MD5_BYTES);
  if (number > o->highest_part) o->highest_part = number;
  o->size += r->body_bytes;
  for (int i = 0; i < MD5_BYTES; i++) sprintf(hex + 2 * i, "%02x", md5[i]);
  add_header(a, "ETag: \"%s\"", hex);
  snprintf(o->whole_etag, sizeof o->whole_etag, "%s", strstr(r->query, "partNumber=") == NULL ? hex : "");
  for (size_t i = 0; i < CHECKSUM_COUNT; i++) {
    sprintf(name, "x-amz-checksum-%s", CHECKSUMS[i]);
    repeat_header(r, a, name);
  }
}

/* Source: Amazon S3 user guide: the ETag of a multipart object is the MD5 of the MD5s of its parts, and their number. */
static void complete_object(const struct request *r, struct object *o, struct answer *a) {
  unsigned char md5[EVP_MAX_MD_SIZE];
  char name[64], value[VALUE_BYTES], upper[16];
  EVP_Digest(o->etags[1], (size_t)o->highest_part * MD5_BYTES, md5, NULL, EVP_md5(), NULL);
  for (int i = 0; i < MD5_BYTES; i++) sprintf(o->whole_etag + 2 * i, "%02x", md5[i]);
  sprintf(o->whole_etag + 2 * MD5_BYTES, "-%d", o->highest_part);
  size_t used = sprintf(a->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CompleteMultipartUploadResult>"
    "<Location>x</Location><Bucket>bench-bucket</Bucket><Key>k</Key><ETag>\"%s\"</ETag>", o->whole_etag);
  for (size_t i = 0; i < CHECKSUM_COUNT; i++) {
    sprintf(name, "x-amz-checksum-%s", CHECKSUMS[i]);
    if (!header(r, name, value)) continue;
    for (size_t at = 0; at <= strlen(CHECKSUMS[i]); at++) upper[at] = CHECKSUMS[i][at] & ~(CHECKSUMS[i][at] > 96 ? 32 : 0);
    used += sprintf(a->body + used, "<Checksum%s>%.128s</Checksum%s>", upper, value, upper);
  }
  strcat(a->body, "</CompleteMultipartUploadResult>");
}

static void answer_bucket(const struct request *r, struct answer *a) {
  const char *number = strstr(r->query, "partNumber=");
  const char *key = strchr(r->path + 1, '/');
  int is_post = strcmp(r->method, "POST") == 0, is_part = number != NULL;
  if (key == NULL || key[1] == 0) {
    /* Clients that list a folder before they copy to it find nothing there. */
    if (strcmp(r->method, "GET") == 0)
      strcpy(a->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
    return;
  }
  int is_create = is_post && strstr(r->query, "uploadId=") == NULL, is_put = strcmp(r->method, "PUT") == 0;
  struct object *o = find_object(r->path, is_create || (is_put && !is_part));
  if (is_create) {
    create_object(r, o);
    if (o->etags == NULL) o->etags = calloc(MAX_PARTS + 1, MD5_BYTES);
    repeat_header(r, a, "x-amz-checksum-algorithm");
    repeat_header(r, a, "x-amz-checksum-type");
    snprintf(a->body, sizeof a->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InitiateMultipartUploadResult>"
      "<Bucket>bench-bucket</Bucket><Key>%s</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>", key + 1);
  } else if (is_put && o != NULL) {
    int part = is_part ? atoi(number + strlen("partNumber=")) : 1;
    if (!is_part) create_object(r, o);
    if (part >= 1 && part <= MAX_PARTS) take_part(r, o, a, part);
    else a->status = 400;
  } else if (is_post && o != NULL && o->etags != NULL) {
    complete_object(r, o, a);
  } else if (strcmp(r->method, "HEAD") == 0 && o != NULL && o->whole_etag[0] != 0) {
    a->length = o->size;
    add_header(a, "ETag: \"%s\"", o->whole_etag);
    add_header(a, "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT");
    for (int i = 0; i < o->meta_count; i++) add_header(a, "%s", o->meta[i]);
  } else {
    a->status = strcmp(r->method, "DELETE") == 0 ? 204 : 404;
  }
}

static double seconds(struct timeval time) { return time.tv_sec + time.tv_usec / 1e6; }

static void answer_usage(struct answer *a) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  sprintf(a->body, "{\"userSeconds\":%.6f,\"systemSeconds\":%.6f,\"bodyBytes\":%lld}", seconds(usage.ru_utime),
    seconds(usage.ru_stime), (long long)atomic_load(&received_bytes));
}

static void *serve(void *ssl) {
  struct connection *c = calloc(1, sizeof *c);
  struct request *r = malloc(sizeof *r);
  struct answer *a = malloc(sizeof *a);
  c->ssl = ssl;
  if (SSL_accept(ssl) == 1) {
    while (read_head(c, r) && drop_body(c, r)) {
      a->head[0] = a->body[0] = 0;
      a->status = 200;
      a->length = -1;
      pthread_mutex_lock(&objects_lock);
      if (strcmp(r->path, "/bench/usage") == 0) answer_usage(a);
      else if (strncmp(r->path, "/bench-bucket", 13) == 0) answer_bucket(r, a);
      else answer_vault(r, a);
      pthread_mutex_unlock(&objects_lock);
      if (!send_answer(c, a)) break;
    }
  }
  close(SSL_get_fd(ssl));
  SSL_free(ssl);
  free(c);
  free(r);
  free(a);
  return NULL;
}

static SSL_CTX *context(const char *certificate, const char *key) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) return NULL;
  if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) return NULL;
  /* All clients get the same cipher, and it is the one that S3 prefers. */
  SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_default_read_buffer_len(ctx, RECEIVE_BYTES);
  return ctx;
}

int main(int argc, char **argv) {
  SSL_CTX *ctx = argc == 3 ? context(argv[1], argv[2]) : NULL;
  if (ctx == NULL) return fprintf(stderr, "usage: tls-sink CERTIFICATE KEY (both in PEM)\n"), 2;
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 128) != 0) return perror("bind"), 1;
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("https://127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  struct pollfd events[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
  for (char byte; poll(events, 2, -1) > 0; ) {
    if (events[0].revents != 0 && read(STDIN_FILENO, &byte, 1) <= 0) return 0;
    if (events[1].revents == 0) continue;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, ssl) == 0) pthread_detach(thread);
  }
  return 1;
}
