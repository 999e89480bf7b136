// The path at which the server is: empty, or that of a proxy, such as /photos.
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
