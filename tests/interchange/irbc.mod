// International real business cycle with two countries (Brumm and Scheidegger, 2017, smooth case).
// Own and world innovations add up to correlated ones: variance 2 sigma^2, covariance sigma^2.
var lam k1 k2 z1 z2 g1 g2 c1 c2 y1 y2;
varexo e1 e2;
parameters beta zeta delta rho sigma kappa psi1 psi2 A;
beta = 0.99; zeta = 0.36; delta = 0.01; rho = 0.95; sigma = 0.01; kappa = 0.5; psi1 = 0.25; psi2 = 1;
A = (1 - beta*(1-delta))/(zeta*beta);

model;
  lam*(1 + kappa*g1) = beta*lam(+1)*(zeta*y1(+1)/k1 + 1 - delta + kappa/2*g1(+1)*(g1(+1)+2));
  lam*(1 + kappa*g2) = beta*lam(+1)*(zeta*y2(+1)/k2 + 1 - delta + kappa/2*g2(+1)*(g2(+1)+2));
  g1 = k1/k1(-1) - 1;
  g2 = k2/k2(-1) - 1;
  y1 = A*exp(z1)*k1(-1)^zeta;
  y2 = A*exp(z2)*k2(-1)^zeta;
  c1 = (A-delta)*lam^(-psi1);
  c2 = (A-delta)*lam^(-psi2);
  y1 + y2 = c1 + c2 + k1(-1)*(g1 + delta + kappa/2*g1^2) + k2(-1)*(g2 + delta + kappa/2*g2^2);
  z1 = rho*z1(-1) + e1;
  z2 = rho*z2(-1) + e2;
end;

initval;
  lam = 1; k1 = 1; k2 = 1; z1 = 0; z2 = 0; g1 = 0; g2 = 0;
  c1 = A - delta; c2 = A - delta; y1 = A; y2 = A;
end;

shocks;
  var e1 = 2*sigma^2;
  var e2 = 2*sigma^2;
  var e1, e2 = sigma^2;
end;
