import { defineConfig } from "vite";

// The page is served by the exchange itself, so in development its interfaces are passed on to a
// running `truebook up`.
export default defineConfig({
  build: {
    outDir: "../src/truebook/web/dist",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the Content-Security-Policy lets no data: script or style in
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        manualChunks: (id: string) => (id.includes("lightweight-charts") || id.includes("fancy-canvas") ? "chart" : undefined),
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/wapi", "/web", "/docs", "/openapi.json"].map((path) => [path, "http://127.0.0.1:8080"]),
    ),
  },
});
