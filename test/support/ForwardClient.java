import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** `java ForwardClient.java PORT TOKEN URL BODY`: posts the body by way of the proxy on that port, and prints the answer's. */
public class ForwardClient {
  public static void main(String[] words) throws Exception {
    var proxy = new InetSocketAddress("127.0.0.1", Integer.parseInt(words[0]));
    var client = HttpClient.newBuilder()
        .proxy(ProxySelector.of(proxy))
        .followRedirects(HttpClient.Redirect.NORMAL)
        .authenticator(new Authenticator() {
          @Override
          protected PasswordAuthentication getPasswordAuthentication() {
            return new PasswordAuthentication("x", words[1].toCharArray());
          }
        })
        .build();
    var request = HttpRequest.newBuilder(URI.create(words[2])).POST(BodyPublishers.ofString(words[3])).build();
    System.out.print(client.send(request, BodyHandlers.ofString()).body());
  }
}
